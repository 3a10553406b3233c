"""Pure functions from the known events of a flow to its call, legs and queue visits."""
