"""One screen a file, and beside it what that screen alone uses."""
