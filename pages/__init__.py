"""One screen per file, and beside it what that screen alone uses."""
