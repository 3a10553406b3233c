"""One file per step, numbered; once released, a step is never changed."""
