"""Orchestration and input/output: the only room that imports dagster. Imports nothing here, so that `import pipelines` is free."""
