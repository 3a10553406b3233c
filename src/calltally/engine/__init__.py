"""The moving parts: ingest, live state, questions, retention, rebuild and verify."""
