"""How fast the package is, beside peers in the same run: ``python evaluation/speed/run.py``."""
