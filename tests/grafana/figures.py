"""Which number of the catalog each panel shows: the tables that dashboards are compared by."""

from typing import Final

from tests.grafana.comparing import CALL_STATISTICS, OVERVIEW, QUEUES

_ANSWERED_IN: Final = {
    "Answered": "answered_inbound_calls",
    "Not answered": "unanswered_inbound_calls",
    "Goes on": "in_progress_inbound",
}
_ANSWERED_OUT: Final = {
    "Answered": "answered_outbound_calls",
    "Not answered": "unanswered_outbound_calls",
    "Goes on": "in_progress_outbound",
}
TOTALS: Final = {
    CALL_STATISTICS: {
        "Pick-up ratio, incoming": _ANSWERED_IN,
        "Pick-up ratio, outgoing": _ANSWERED_OUT,
        "Withheld numbers": {"Withheld": "withheld_calls", "Share": "withheld_share"},
    },
    OVERVIEW: {
        "The timespan": {
            "Calls": "calls",
            "Answer rate": "answer_rate",
            "Mean time to answer": "asa",
            "Mean talk time": "average_talk_time",
            "Voicemail share": "voicemail_share",
        },
    },
    QUEUES: {
        "The timespan": {
            "Offered": "offered_visits",
            "Answered": "answered_visits",
            "Abandoned": "abandoned_visits",
            "Answer rate": "visit_answer_rate",
            "Abandonment rate": "abandonment_rate",
            "Mean wait to answer": "visit_asa",
            "Mean talk time": "average_visit_talk_time",
        },
    },
}
"""Panels of one row, by dashboard: column -> number of the catalog."""
OVER_TIME: Final = {
    CALL_STATISTICS: {
        "Incoming calls": _ANSWERED_IN,
        "Outgoing calls": _ANSWERED_OUT,
        "Mean call answer time": {"Mean time to answer": "asa"},
        "Average call duration": {"Mean talk time": "average_talk_time"},
        "Total calls": {
            "All": "calls",
            "Incoming": "inbound_calls",
            "Outgoing": "outbound_calls",
            "Internal": "internal_calls",
        },
        "Voicemail calls": {"Voicemail calls": "voicemail_calls", "Share": "voicemail_share"},
    },
    OVERVIEW: {
        "Incoming calls by outcome": {
            "Answered": "answered_inbound_calls",
            "Mailbox": "voicemail_calls",
            "Gave up while it rang": "gave_up_calls",
        },
        "Shares": {
            "Answer rate": "answer_rate",
            "Voicemail share": "voicemail_share",
            "Gave up while it rang": "gave_up_rate",
        },
    },
    QUEUES: {
        "Visits by outcome": {
            "Answered": "answered_visits",
            "Abandoned": "abandoned_visits",
            "Timed out": "timeout_visits",
            "Left by key": "exit_with_key_visits",
        },
        "Rates": {"Answer rate": "visit_answer_rate", "Abandonment rate": "abandonment_rate"},
        "Mean waits": {
            "Answered": "visit_asa",
            "Abandoned": "average_time_to_abandon",
            "All": "average_visit_wait",
        },
    },
}
"""Panels over time, by dashboard: series -> number of the catalog."""
OTHERS: Final = {
    CALL_STATISTICS: {
        "Waiting in queue",
        "Longest waiting now",
        "Active calls",
        "Active calls, one by one",
        "Longest waiting times",
        "Longest calls",
        "Most calling numbers",
    },
    OVERVIEW: {
        "7, 30 and 365 days",
        "Calls, day by day",
        "Answer rate, day by day",
        "Mean time to answer, day by day",
        "Mean talk time, day by day",
        "Time to answer",
        "Talk time",
        "Calls by weekday",
        "Shares by weekday",
    },
    QUEUES: {"Queues", "Waiting now", "Longest waits"},
}
"""Panels that have a test of their own below or in test_trends.py."""
