"""Gradient features of deep networks: their kernels, maps and classifiers (Deep Fishing, BMVC 2015)."""
