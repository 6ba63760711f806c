"""The five verbs of a configuration object over HTTP: pages, ETag, If-Match, Location. Slices' routers call these."""

from typing import Annotated, Any, TypeVar

from fastapi import Header, Response

from app.db.tables import ConfigRow
from app.etag import check_match, etag, require_match
from app.paging import after_cursor, page_of
from app.resources import Body, Resource, View, changing
from app.services import Services

__all__ = ["IfMatch", "Patch", "create", "listing", "patch", "patch_schema", "remove", "show"]

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the version that was read.")]
Patch = dict[str, Any]
RowT = TypeVar("RowT", bound=ConfigRow)
BodyT = TypeVar("BodyT", bound=Body)
ViewT = TypeVar("ViewT", bound=View)


def patch_schema(body: type[Body]) -> dict[str, Any]:
    """OpenAPI of a PATCH body: the fields of ``body``, none of them required."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("required", None)
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def listing(
    services: Services, resource: Resource[RowT, BodyT, ViewT], limit: int, cursor: str | None
) -> Response:
    """A page as JSON, encoded here: checked and encoded a second time by the framework, 200 objects would hold the
    loop for several milliseconds.
    """
    after = after_cursor(cursor)
    async with services.database.read() as session:
        found = await resource.page(session, after, limit + 1)
    page = page_of(found, [view.id for view in found], limit)
    return Response(page.model_dump_json(), media_type="application/json")


async def show(services: Services, resource: Resource[RowT, BodyT, ViewT], ref: str, response: Response) -> ViewT:
    async with services.database.read() as session:
        view = await resource.view(session, await resource.find(session, ref))
    response.headers["ETag"] = etag(view.version)
    return view


async def create(services: Services, resource: Resource[RowT, BodyT, ViewT], body: BodyT, response: Response) -> ViewT:
    async with changing(services) as change:
        row = await resource.create(change, body)
        view = await resource.view(change.session, row)
    response.headers["ETag"] = etag(view.version)
    response.headers["Location"] = f"/api/v1/{resource.path}/{view.id}"
    return view


async def patch(
    services: Services,
    resource: Resource[RowT, BodyT, ViewT],
    ref: str,
    fields: Patch,
    *,
    if_match: str | None,
    response: Response,
) -> ViewT:
    async with changing(services) as change:
        row = await resource.find(change.session, ref, lock=True)
        require_match(if_match, row.version)
        await resource.patch(change, row, fields)
        view = await resource.view(change.session, row)
    response.headers["ETag"] = etag(view.version)
    return view


async def remove(services: Services, resource: Resource[RowT, BodyT, ViewT], ref: str, if_match: str | None) -> None:
    async with changing(services) as change:
        row = await resource.find(change.session, ref, lock=True)
        check_match(if_match, row.version)
        await resource.delete(change, row)
