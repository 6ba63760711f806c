"""Errors as RFC 9457 problems: stable ``type``, a sentence of ``detail``, ``errors[]`` naming fields, ``request_id``.

``PROBLEMS`` is the list of every type there is; each is explained at its own address (``GET /problems/<name>``).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

__all__ = [
    "PROBLEMS", "FieldError", "Problem", "Where", "explanations", "field_errors", "install", "invalid", "path_of",
]  # fmt: skip

_log = logging.getLogger(__name__)

Where = Literal["body", "query", "path", "header"]


@dataclass(frozen=True, slots=True)
class Explanation:
    status: int
    title: str
    text: str


PROBLEMS: Final[Mapping[str, Explanation]] = {
    "malformed-body": Explanation(400, "The body cannot be read", "The request's body is not the JSON it should be."),
    "unauthenticated": Explanation(401, "An API key is needed", "Send `Authorization: Bearer KEY` with a valid key."),
    "forbidden": Explanation(403, "The key lacks the scope", "The API key is valid, its scopes do not allow this."),
    "not-found": Explanation(404, "There is no such thing", "Nothing has this address, id or name."),
    "method-not-allowed": Explanation(405, "Not with this method", "The `Allow` header names the methods that work."),
    "name-taken": Explanation(409, "The name is taken", "Another object of this kind has this name; names are unique."),
    "in-use": Explanation(409, "Others refer to it", "`errors[]` names what refers to the object; change that first."),
    "impossible-transition": Explanation(
        409,
        "Impossible in this state",
        "The state of the agent or call does not allow it: `reason` says why, `allowed_transitions` what an agent may do.",
    ),
    "precondition-failed": Explanation(
        412, "It was changed meanwhile", "`If-Match` names another version than the current one: fetch it again."
    ),
    "body-too-large": Explanation(413, "The body is too long", "The setting `http_max_body_bytes` bounds it."),
    "validation": Explanation(422, "A field is wrong", "`errors[]` names each wrong field and what is wrong with it."),
    "precondition-required": Explanation(
        428,
        "If-Match is missing",
        "Changing configuration needs `If-Match` with the ETag of the version that was read.",
    ),
    "internal": Explanation(500, "The service failed", "A defect of the service; its log has the `request_id`."),
    "unavailable": Explanation(503, "Not ready", "The service is starting, stopping, or lacks something it needs."),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """``field``: a path such as ``requirements[0].min_level``; empty for the whole."""

    field: str
    message: str
    where: Where = "body"

    def shown(self) -> dict[str, str]:
        return {"in": self.where, "field": self.field, "message": self.message}


class Problem(HTTPException):
    """Raise it anywhere in a handler. ``name`` is a key of ``PROBLEMS``; ``extra`` members join the document."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(PROBLEMS[name].status, detail, dict(headers or {}))
        self.name = name
        self.errors = tuple(errors)
        self.extra = dict(extra or {})


def invalid(errors: Sequence[FieldError]) -> Problem:
    """The ``validation`` problem; its detail is the first error in words."""
    first = errors[0]
    rest = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.field}: {first.message}{rest}" if first.field else f"{first.message}{rest}"
    return Problem("validation", detail, errors=errors)


def path_of(location: Iterable[str | int]) -> str:
    """``("requirements", 0, "min_level")`` as ``requirements[0].min_level``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def field_errors(error: ValidationError, under: Sequence[str | int] = ()) -> list[FieldError]:
    """Pydantic's findings in our words; ``under`` is put before each path."""
    return [
        FieldError(path_of((*under, *found["loc"])), _message(found["type"], found["msg"]))
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _message(kind: str, text: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    if kind == "missing":
        return "this field is required"
    return text.removeprefix("Value error, ")


def document(request: Request, problem: Problem) -> JSONResponse:
    """The response for a problem."""
    explanation = PROBLEMS[problem.name]
    request_id = getattr(request.state, "request_id", "")
    body: dict[str, object] = {
        "type": f"/problems/{problem.name}",
        "title": explanation.title,
        "status": explanation.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "request_id": request_id,
        "errors": [error.shown() for error in problem.errors],
        **problem.extra,
    }
    headers = {**(problem.headers or {}), "X-Request-Id": request_id}
    return JSONResponse(body, explanation.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_defect)


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Problem):
        raise error
    return document(request, error)


async def _on_validation(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [_request_error(item["loc"], item["type"], item["msg"]) for item in error.errors()]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return document(request, Problem("malformed-body", f"The body is no JSON: {found[0].message}", errors=found))
    return document(request, invalid(found))


def _request_error(location: Sequence[str | int], kind: str, text: str) -> FieldError:
    where = location[0] if location else "body"
    if kind == "json_invalid":
        return FieldError("", text)
    if where in ("query", "path", "header"):
        return FieldError(path_of(location[1:]), _message(kind, text), where)  # type: ignore[arg-type]  # one of these
    return FieldError(path_of(location[1:]), _message(kind, text))


_BY_STATUS: Final = {
    400: "malformed-body", 401: "unauthenticated", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
    413: "body-too-large", 422: "validation", 503: "unavailable",
}  # fmt: skip


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    name = _BY_STATUS.get(error.status_code, "internal")
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:
        detail = f"{request.method} {request.url.path}: {PROBLEMS[name].title.lower()}."
    return document(request, Problem(name, detail, headers=error.headers))


async def _on_defect(request: Request, error: Exception) -> JSONResponse:
    request_id = getattr(request.state, "request_id", "")
    _log.error("request failed", exc_info=error, extra={"request_id": request_id, "path": request.url.path})
    return document(request, Problem("internal", f"{type(error).__name__}; the log has the request id."))


def explanations() -> APIRouter:
    """``GET /problems/<name>``: what a problem type means, without a key."""
    router = APIRouter(prefix="/problems", tags=["problems"])

    @router.get("/{name}")
    async def explain(name: str) -> dict[str, object]:
        found = PROBLEMS.get(name)
        if found is None:
            raise Problem("not-found", f"There is no problem type {name!r}.")
        return {"type": f"/problems/{name}", "status": found.status, "title": found.title, "description": found.text}

    return router
