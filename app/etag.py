"""Entity tags (RFC 9110 §8.8.3, §13.1.1): a configuration object's version, or a state's id, quoted."""

from app.problems import FieldError, Problem

__all__ = ["check_match", "etag", "require_match"]


def etag(version: int | str) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, version: int | str) -> None:
    """Raises 428 where the header is missing, 412 where it names another version."""
    if if_match is None:
        error = FieldError("If-Match", "this header is required", "header")
        raise Problem("precondition-required", "Send If-Match with the ETag that you read.", errors=[error])
    check_match(if_match, version)


def check_match(if_match: str | None, version: int | str) -> None:
    """As ``require_match``, for requests that may leave the header out."""
    if if_match is None or if_match.strip() == "*":
        return
    # §13.1.1: strong comparison, so a weak tag (W/"…") never matches.
    if etag(version) not in (tag.strip() for tag in if_match.split(",")):
        detail = f"The current version is {etag(version)}; If-Match says {if_match}."
        raise Problem("precondition-failed", detail, headers={"ETag": etag(version)})
