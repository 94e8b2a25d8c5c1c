"""Requests made up from the OpenAPI document, fitting and not: every answer is one that the document knows."""

from __future__ import annotations

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from bridge_server.contract.openapi import document

CASES = 60  # per call, about a thousand in all
LEFT_OUT = "^(server_stop|server_token|model_import)$"  # they end the server or take its token; a zip is not made up

load_all_checks()
# That a request fits the document is not enough: the settings in it must go together too.
_TOO_STRICT = [CHECKS.get_one("positive_data_acceptance")]
schema = schemathesis.openapi.from_dict(document()).exclude(operation_id_regex=LEFT_OUT)
answered: Counter[int] = Counter()


@pytest.fixture(scope="module")
def server(start_shared_server):
    server = start_shared_server(mock=True)
    yield server
    print(dict(answered))
    assert max(answered) < 500
    assert server.call("GET", "/api/health")[0] == 200


@schema.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    derandomize=True,
    database=None,
)
def test_whatever_is_asked_the_answer_is_in_the_document(case, server):
    answer = case.call(base_url=server.url, headers={"Authorization": f"Bearer {server.token}"}, timeout=10)
    answered[answer.status_code] += 1
    case.validate_response(answer, excluded_checks=_TOO_STRICT)
