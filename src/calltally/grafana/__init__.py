"""Grafana: dashboards in its Classic JSON and provisioning, generated from the catalog of metrics.

Its SQL lies in `store.reports`; a dashboard says which question a panel asks and how the answer looks.
"""
