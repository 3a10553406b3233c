"""What Grafana says no to."""


class ExpansionError(ValueError):
    """Grafana would refuse this query; the text says why."""


class ShapeError(ValueError):
    """Grafana would refuse or misread what a query returned; the text says why."""
