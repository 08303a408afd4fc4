"""The rules that compare requests and answers with GitLab's OpenAPI description, tried on a small description."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.described import Description
from tests.lab.gitlab_api import Exchange

PATHS: dict[str, Any] = {
    "/api/v4/runners/{id}": {
        "get": {
            "parameters": [
                {"name": "id", "in": "path", "schema": {"type": "integer"}},
                {"name": "page", "in": "query", "schema": {"type": "integer"}},
                {"name": "type", "in": "query", "schema": {"type": "string", "enum": ["group_type"]}},
            ],
            "responses": {
                "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Runner"}}}}
            },
        },
        "put": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}},
            "responses": {"200": {"description": "OK"}, "404": {"description": "Not found"}},
        },
    },
    "/api/v4/runners": {
        "get": {
            "responses": {
                "200": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Runner"}}
                        }
                    }
                }
            },
        }
    },
    "/api/v4/runners/verify": {"post": {"responses": {"200": {"description": "OK"}}}},
}
SCHEMAS = {
    "Runner": {
        "properties": {"id": {"type": "integer"}, "tag_list": {"type": "string"}, "paused": {"type": "boolean"}}
    },
    "Sent": {"required": ["paused"], "properties": {"paused": {"type": "boolean"}, "tag_list": {"type": "array"}}},
}
V3 = Description({"paths": PATHS, "components": {"schemas": SCHEMAS}})
V2 = Description(
    {
        "basePath": "/api",
        "definitions": SCHEMAS,
        "paths": {
            "/v4/runners/{id}": {
                "get": {
                    "parameters": [{"name": "page", "in": "query", "type": "integer"}],
                    "responses": {"200": {"schema": {"$ref": "#/definitions/Runner"}}},
                },
                "put": {
                    "parameters": [{"name": "x", "in": "body", "schema": {"$ref": "#/definitions/Sent"}}],
                    "responses": {"200": {}},
                },
            }
        },
    }
)
RUNNER = "/api/v4/runners/7"


@pytest.mark.parametrize(
    ("described", "exchange", "problem"),
    [
        (V3, Exchange("GET", RUNNER, {"page": "2", "type": "group_type"}, {}, 200, {"id": 7, "tag_list": ["a"]}), ""),
        (V3, Exchange("GET", RUNNER, {}, {}, 200, [{"id": 7, "paused": None}]), ""),
        (V3, Exchange("GET", RUNNER, {}, {}, 404, {}), ""),
        (V3, Exchange("PUT", RUNNER, {}, {"paused": True, "tag_list": []}, 200, {}), ""),
        (V3, Exchange("POST", "/api/v4/runners/verify", {}, {}, 200, {"x": 1}), ""),
        (V3, Exchange("GET", "/api/v4/runner", {}, {}, 200, {}), "/api/v4/runner is not described"),
        (V3, Exchange("DELETE", RUNNER, {}, {}, 204, ""), f"DELETE {RUNNER} is not described"),
        (V3, Exchange("GET", RUNNER, {"per_page": "9"}, {}, 200, {}), "query per_page is not described"),
        (V3, Exchange("GET", RUNNER, {"page": "x"}, {}, 200, {}), "query page is 'x', not of type integer"),
        (V3, Exchange("GET", RUNNER, {"type": "x"}, {}, 200, {}), "query type is 'x', none of group_type"),
        (V3, Exchange("GET", RUNNER, {}, {}, 200, {"idd": 7}), "answer idd is not described"),
        (V3, Exchange("GET", RUNNER, {}, {}, 200, {"id": True}), "answer id is True, not of type integer"),
        (V3, Exchange("GET", RUNNER, {}, {}, 200, "7"), "the answer is no object: str"),
        (V3, Exchange("GET", "/api/v4/runners", {}, {}, 200, [{"id": 7}]), ""),
        (V3, Exchange("GET", "/api/v4/runners", {}, {}, 200, [{"id": "7"}]), "answer id is '7', not of type integer"),
        (V3, Exchange("GET", "/api/v4/runners", {}, {}, 200, {"id": 7}), "the answer is no list: dict"),
        (V3, Exchange("PUT", RUNNER, {}, {"paused": True}, 201, {}), "status 201 is not described, but 200, 404"),
        (V3, Exchange("PUT", RUNNER, {}, {"paused": True}, 412, {}), "status 412 is not described, but 200, 404"),
        (V3, Exchange("PUT", RUNNER, {}, {"paused": True}, 403, {}), ""),
        (V3, Exchange("PUT", RUNNER, {}, {"paused": 1}, 200, {}), "body paused is 1, not of type boolean"),
        (V3, Exchange("PUT", RUNNER, {}, {}, 200, {}), "body paused is missing"),
        (V2, Exchange("GET", RUNNER, {"page": "2"}, {}, 200, {"id": 7}), ""),
        (V2, Exchange("GET", RUNNER, {}, {}, 200, {"id": "7"}), "answer id is '7', not of type integer"),
        (V2, Exchange("PUT", RUNNER, {}, {"paused": True, "x": 1}, 200, {}), "body x is not described"),
    ],
)
def test_what_is_not_as_described_is_named(described: Description, exchange: Exchange, problem: str) -> None:
    assert list(described.problems(exchange)) == ([problem] if problem else [])
