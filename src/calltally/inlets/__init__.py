"""How bytes arrive, once each: webhook, file, poll; no phone system is known here by name."""
