"""The five verbs of a configuration object over HTTP: pages, ETag, If-Match, Location. One router a ``Resource``."""

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Response
from fastapi import Body as FromBody

from app.auth.access import ADMIN, READ
from app.db.tables import ConfigRow
from app.etag import check_match, etag, require_match
from app.paging import Cursor, Limit, Page, after_cursor, page_of
from app.resources import Body, Resource, View, changing
from app.services import UsesServices

__all__ = ["IfMatch", "resource_router"]

IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the version that was read.")]
RowT = TypeVar("RowT", bound=ConfigRow)
BodyT = TypeVar("BodyT", bound=Body)
ViewT = TypeVar("ViewT", bound=View)


def resource_router(resource: Resource[RowT, BodyT, ViewT]) -> APIRouter:
    """``/api/v1/<path>``: the objects of one kind, each by its id or name."""
    router = APIRouter(prefix=f"/{resource.path}", tags=[resource.path])
    many, one = resource.path.replace("-", "_"), resource.noun.replace(" ", "_")

    async def listing(services: UsesServices, limit: Limit = 50, cursor: Cursor = None) -> Response:
        # Encoded here: checked and encoded a second time by the framework, 200 objects would hold the loop for
        # several milliseconds.
        after = after_cursor(cursor)
        async with services.database.read() as session:
            found = await resource.page(session, after, limit + 1)
        page = page_of(found, [view.id for view in found], limit)
        return Response(page.model_dump_json(), media_type="application/json")

    async def create(services: UsesServices, body: BodyT, response: Response) -> ViewT:
        async with changing(services) as change:
            row = await resource.create(change, body)
            view = await resource.view(change.session, row)
        response.headers["ETag"] = etag(view.version)
        response.headers["Location"] = f"/api/v1/{resource.path}/{view.id}"
        return view

    async def show(services: UsesServices, ref: str, response: Response) -> ViewT:
        async with services.database.read() as session:
            view = await resource.view(session, await resource.find(session, ref))
        response.headers["ETag"] = etag(view.version)
        return view

    async def patch(
        services: UsesServices,
        ref: str,
        fields: Annotated[dict[str, Any], FromBody()],
        response: Response,
        if_match: IfMatch = None,
    ) -> ViewT:
        async with changing(services) as change:
            row = await resource.find(change.session, ref, lock=True)
            require_match(if_match, row.version)
            await resource.patch(change, row, fields)
            view = await resource.view(change.session, row)
        response.headers["ETag"] = etag(view.version)
        return view

    async def remove(services: UsesServices, ref: str, if_match: IfMatch = None) -> None:
        async with changing(services) as change:
            row = await resource.find(change.session, ref, lock=True)
            check_match(if_match, row.version)
            await resource.delete(change, row)

    create.__annotations__["body"] = resource.body  # FastAPI reads the signature at run time: it needs the class itself
    shown, reading, writing = resource.shown, [READ], [ADMIN]
    changes = _patch_schema(resource.body)
    router.get("", name=f"list_{many}", dependencies=reading, response_model=Page[shown])(listing)  # type: ignore[valid-type]
    router.post("", name=f"create_{one}", dependencies=writing, response_model=shown, status_code=201)(create)
    router.get("/{ref}", name=f"get_{one}", dependencies=reading, response_model=shown)(show)
    router.patch("/{ref}", name=f"patch_{one}", dependencies=writing, response_model=shown, openapi_extra=changes)(
        patch
    )
    router.delete("/{ref}", name=f"delete_{one}", dependencies=writing, status_code=204)(remove)
    return router


def _patch_schema(body: type[Body]) -> dict[str, Any]:
    """OpenAPI of a PATCH body: the fields of ``body``, none of them required."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("required", None)
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
