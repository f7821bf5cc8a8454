"""Features: photographs through a network once, gradients for any temperature and pseudo-label from there."""
