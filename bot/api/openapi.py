"""The OpenAPI document, made from the routes and the shapes that validate."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.api.envelope import STATUSES
from bot.api.idempotency import HEADER, LONGEST
from bot.api.routes import BASE, ROUTES, Route
from bot.domain.api_key import Scope

Json = dict[str, Any]

#: What every route may answer besides its own refusals.
_ALWAYS = ("UNAUTHORIZED", "RATE_LIMITED", "INTERNAL_ERROR", "UNAVAILABLE")
_REF = "#/components/schemas/{model}"

_RATE_HEADERS: Json = {
    "X-RateLimit-Category": {
        "required": True,
        "schema": {"type": "string", "enum": ["read", "write", "page"]},
    },
    "X-RateLimit-Remaining": {"required": True, "schema": {"type": "integer", "minimum": 0}},
    "X-RateLimit-Reset": {
        "required": True,
        "description": "Unix seconds.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
_META: Json = {
    "type": "object",
    "required": ["request_id", "timestamp"],
    "properties": {
        "request_id": {"type": "string", "pattern": "^req_[0-9a-f]+$"},
        "timestamp": {"type": "string", "format": "date-time"},
    },
}
_ERROR: Json = {
    "type": "object",
    "required": ["error", "meta"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "enum": list(STATUSES)},
                "message": {"type": "string"},
                "details": {
                    "type": "object",
                    "description": "For each field, what is wrong with it.",
                    "additionalProperties": {"type": "string"},
                },
            },
        },
        "meta": {"$ref": "#/components/schemas/Meta"},
    },
}


@cache
def document(version: str) -> Json:
    """The whole document, OpenAPI 3.1."""
    shapes, definitions = _shapes()
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": version,
            "description": "Incidents, on-call and postmortems. Compatible with the Runframe V1 API.",
        },
        "servers": [{"url": BASE}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Meta": _META, "Error": _ERROR},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"A key, `rf_…`, with the scope that is needed: {', '.join(Scope)}.",
                }
            },
        },
    }


Shapes = dict[type[BaseModel], Json]


def _shapes() -> tuple[Shapes, Json]:
    """How to refer to each shape, and the definitions that this leads to."""
    given = [route.gives for route in ROUTES if route.gives is not None]
    taken = [route.body for route in ROUTES if route.body is not None]
    pairs = [*((one, "serialization") for one in given), *((one, "validation") for one in taken)]
    refs, definitions = models_json_schema(pairs, ref_template=_REF)  # type: ignore[arg-type]
    by_shape: dict[Any, Json] = {shape: ref for (shape, _), ref in refs.items()}
    return by_shape, definitions.get("$defs", {})


def _operation(route: Route, shapes: Shapes) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_parameters(route.at, "path"), *_parameters(route.query, "query")],
        "responses": _responses(route, shapes),
    }
    if route.scope is not None:
        operation["description"] = f"Needs the scope `{route.scope}`."
    if route.is_idempotent:
        operation["parameters"].append(_idempotency_key())
    if route.body is not None:
        content = {"application/json": {"schema": shapes[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(shape: type[BaseModel], where: str) -> list[Json]:
    found = shape.model_json_schema(ref_template=_REF)
    definitions = found.get("$defs", {})
    required = found.get("required", [])
    parameters = []
    for name, schema in found.get("properties", {}).items():
        description = schema.pop("description", None)
        parameter: Json = {
            "name": name,
            "in": where,
            "required": where == "path" or name in required,
            "schema": _inlined(_given(schema), definitions),
        }
        parameters.append(parameter | ({"description": description} if description else {}))
    return parameters


def _given(schema: Json) -> Json:
    """A parameter is there or it is not: it cannot be null."""
    if "anyOf" not in schema:
        return schema
    (kind,) = [one for one in schema["anyOf"] if one != {"type": "null"}]
    return {**kind, **{key: one for key, one in schema.items() if key not in ("anyOf", "default")}}


def _inlined(schema: Any, definitions: Json) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            rest = {key: one for key, one in schema.items() if key != "$ref"}
            return {**definitions[schema["$ref"].rsplit("/", 1)[1]], **rest}
        return {key: _inlined(one, definitions) for key, one in schema.items()}
    return [_inlined(one, definitions) for one in schema] if isinstance(schema, list) else schema


def _idempotency_key() -> Json:
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": (
            "For 24 hours the same key and payload do nothing anew and get the first answer again; "
            "of a page, what has come of it."
        ),
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    }


def _responses(route: Route, shapes: Shapes) -> Json:
    codes = [*route.refuses, *_ALWAYS]
    codes += ["FORBIDDEN"] if route.scope is not None else []
    if route.method != "GET":
        codes += ["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE", "REQUEST_TIMEOUT"]
    elif route.at.model_fields or route.query.model_fields:
        codes.append("VALIDATION_ERROR")
    responses: Json = {str(route.status): _success(route, shapes)}
    for status in sorted({STATUSES[code] for code in codes}):
        of_status = [code for code in dict.fromkeys(codes) if STATUSES[code] == status]
        responses[str(status)] = {
            "description": ", ".join(of_status),
            "headers": _RATE_HEADERS,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    return responses


def _success(route: Route, shapes: Shapes) -> Json:
    if route.gives is None:
        return {
            "description": "Markdown",
            "headers": _RATE_HEADERS,
            "content": {"text/markdown": {"schema": {"type": "string"}}},
        }
    envelope = {
        "type": "object",
        "required": ["success", "data", "meta"],
        "properties": {
            "success": {"const": True},
            "data": shapes[route.gives],
            "meta": {"$ref": "#/components/schemas/Meta"},
        },
    }
    return {
        "description": "Done",
        "headers": _RATE_HEADERS,
        "content": {"application/json": {"schema": envelope}},
    }
