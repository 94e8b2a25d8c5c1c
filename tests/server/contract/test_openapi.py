"""The published contract is the one the code has."""

from openapi_spec_validator import validate

from bridge_server.contract import openapi
from bridge_server.contract.calls import CALLS


def test_the_committed_document_is_fresh():
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.text(), "run: python -m bridge_server.contract.openapi"


def test_the_document_is_valid_openapi():
    validate(openapi.document())


def test_a_bound_has_the_name_that_json_schema_gives_it():
    epochs = openapi.document()["components"]["schemas"]["StartRun"]["properties"]["epochs"]["anyOf"][0]
    assert epochs == {"type": "integer", "minimum": 1, "maximum": 10_000}


def test_the_help_of_a_field_that_may_be_left_out_stands_beside_it():
    field = openapi.document()["components"]["schemas"]["NetworksCheck"]["properties"]["classes"]
    assert field["description"] == field["anyOf"][0]["description"]


def test_a_name_that_a_field_had_before_is_read_and_not_published():
    assert openapi.document()["components"]["schemas"]["GenerateRequest"]["properties"].keys() >= {"truncation"}
    assert "boldness" not in openapi.text()


def test_every_call_is_an_operation_of_its_own_name():
    paths = openapi.document()["paths"]
    found = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    assert found == {call.name for call in CALLS}


def test_every_field_a_caller_sends_has_a_help_text():
    schemas = openapi.document()["components"]["schemas"]
    for call in CALLS:
        if call.request:
            for name, field in schemas[call.request.__name__]["properties"].items():
                assert field.get("description"), f"{call.request.__name__}.{name}"
