"""The JSON interface: metrics, questions, calls and the state of the moment."""
