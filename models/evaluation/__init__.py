"""How models are measured: time splits, classifier figures, value ranking. Nothing is fitted here."""
