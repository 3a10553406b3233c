"""Any question to the API, made from its own description: an answer or a problem, never a failure."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from tests.running import Service

EXAMPLES = 12
Question = Case[Any]
ALIKE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def _attack(cases: st.SearchStrategy[Question], statuses: set[int]) -> None:
    @ALIKE
    @given(case=cases)
    def ask(case: Question) -> None:
        answered = case.call()
        statuses.add(answered.status_code)
        assert answered.status_code < 500, answered.text
        if answered.status_code >= 400:
            assert answered.headers["content-type"] == ["application/problem+json"], answered.text

    ask()


def test_every_operation_answers_or_says_what_is_wrong(service: Service) -> None:
    described = schemathesis.openapi.from_url(f"{service.url}/api/v1/openapi.json")
    asked = [result.ok() for result in described.get_all_operations() if isinstance(result, Ok)]
    assert len(asked) >= 8
    statuses: set[int] = set()
    for operation in asked:
        _attack(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), statuses)
        if "{" in operation.path or len(operation.query):
            _attack(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), statuses)
    assert statuses >= {200, 400}
