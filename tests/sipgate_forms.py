"""The bodies of sipgate's pushes, as its documentation writes them."""


def new_call(call: str, **fields: str) -> str:
    """Return an incoming newCall; fields of sipgate's names replace or add, an empty `xcid` leaves the flow out."""
    return _body("newCall", call, {"user%5B%5D": "Anna", "fullUserId%5B%5D": "1234567w1", **fields})


def answer(call: str, **fields: str) -> str:
    """Return an answer by Anna."""
    return _body("answer", call, {"user": "Anna", "fullUserId": "1234567w1", **fields})


def hangup(call: str, cause: str = "normalClearing", **fields: str) -> str:
    """Return a hangup."""
    return _body("hangup", call, {"cause": cause, **fields})


def _body(event: str, call: str, fields: dict[str, str]) -> str:
    standard = {
        "event": event,
        "direction": "in",
        "from": "4915112345678",
        "to": "493023125000",
        "callId": call,
        "origCallId": call,
        "xcid": f"x{call}",
    }
    return "&".join(f"{key}={value}" for key, value in {**standard, **fields}.items() if value)
