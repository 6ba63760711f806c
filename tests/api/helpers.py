"""Checks that several API tests share."""

from typing import Any

from httpx import AsyncClient, Response

__all__ = ["created", "errors", "problem"]


async def created(client: AsyncClient, path: str, **fields: Any) -> dict[str, Any]:
    """POST that must succeed; the object's view."""
    answer = await client.post(f"/api/v1/{path}", json=fields)
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


def problem(answer: Response, status: int, name: str) -> dict[str, Any]:
    """The answer as the problem it must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{name}"
    assert document["status"] == status
    assert document["request_id"] == answer.headers["X-Request-Id"] != ""
    return document


def errors(document: dict[str, Any]) -> dict[str, str]:
    """Messages by field."""
    return {error["field"]: error["message"] for error in document["errors"]}
