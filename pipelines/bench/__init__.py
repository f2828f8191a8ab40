"""What `callwright bench` needs: large made-up inputs and measured runs.

Belongs here: writers of big inputs whose exact sums are known beforehand, and the timing of the pipeline
beside a reference. Does not belong here: the demo centre (`pipelines/simulate/`), tests, and anything that a
normal run calls.
"""
