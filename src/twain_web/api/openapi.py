"""The description of the API: OpenAPI 3.1, with each operation's rule and the problems it may answer with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from ninja import NinjaAPI
from ninja.operation import Operation

from twain_web.api.door import Needs
from twain_web.api.problems import MEDIA_TYPE, Problem

_PROBLEMS = {
    "400": "The body is not JSON",
    "401": "It is not known who asks",
    "403": "Not with this role, or not with this token",
    "404": "There is no such thing",
    "409": "Not in the state in which it is now",
    "413": "The body is too large",
    "422": "Something in the request cannot be",
    "429": "Asked too often",
    "503": "A store or a database does not answer: try again",
}
_REF = "#/components/schemas/{model}"


class HouseApi(NinjaAPI):
    """Ninja's API, whose description tells rules and problems."""

    def create_response(self, *arguments: Any, **options: Any) -> HttpResponse:  # noqa: ANN401 — ninja's signature
        """An answer that nobody between here and the program keeps: it may hold somebody's data."""
        answer = super().create_response(*arguments, **options)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's own name."""
        return operation.view_func.__name__

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Any:  # noqa: ANN401
        """The whole description as plain JSON."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        rules = {operation.view_func.__name__: rule_of(operation) for operation in operations(self)}
        for methods in schema["paths"].values():
            for described in methods.values():
                _tell(described, rules[described["operationId"]])
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["components"]["schemas"] |= _problem_schemas()
        return schema


def operations(api: NinjaAPI) -> Iterable[Operation]:
    """Every operation of the API."""
    for router in api._get_bound_routers():  # noqa: SLF001 — ninja's own description reads them the same way
        for view in router.path_operations.values():
            yield from view.operations


def rule_of(operation: Operation) -> Needs:
    """The operation's rule; ImproperlyConfigured when it has none, so that the house does not open."""
    rules = [one for one in operation.auth_callbacks if isinstance(one, Needs)]
    if len(rules) != 1 or len(operation.auth_callbacks) != 1:
        name = f"{operation.view_func.__module__}.{operation.view_func.__name__}"
        raise ImproperlyConfigured(f"{name} has no rule: give it auth=Needs('<permission>').")
    return rules[0]


def refuse_unguarded(api: NinjaAPI) -> None:
    """Raise ImproperlyConfigured for an operation without a rule."""
    for operation in operations(api):
        rule_of(operation)


def _tell(described: dict[str, Any], rule: Needs) -> None:
    roles = ", ".join(sorted(role.value for role in rule.wanted.roles))
    about = described.get("description", "")
    described["description"] = f"{about}\n\nNeeds the scope `{rule.scope}` and one of the roles: {roles}.".strip()
    described["x-permission"] = rule.permission
    described["security"] = [{"token": []}]
    body = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, words in _PROBLEMS.items():
        described["responses"][status] = {"description": words, "content": body}


def _problem_schemas() -> dict[str, Any]:
    made = Problem.model_json_schema(ref_template=_REF, mode="serialization")
    return {**made.pop("$defs", {}), "Problem": made}
