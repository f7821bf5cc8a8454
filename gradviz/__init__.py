"""Gradient features of deep networks: their kernels, maps and classifiers (Deep Fishing, BMVC 2015)."""

import os

__version__ = "0.2.0"

# torch's threads spin while they wait for each other. Beside decoding threads, a web server and a browser they then
# take the processor from the work itself: extraction ran at half its speed. Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
