"""The SIP trace over REST: who may look, and how many at once. (What is seen: the feed's own tests.)"""

import httpx

from app.auth.keys import create_key
from app.db.engine import Database
from app.services import Services
from app.trace.feed import Filter
from tests.api.helpers import problem


async def test_only_administrators(client: httpx.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        _, secret = create_key(session, "wallboard", ["supervisor"])
    answer = await client.get("/api/v1/sip/trace", headers={"Authorization": f"Bearer {secret}"})
    problem(answer, 403, "forbidden")


async def test_a_few_at_once(client: httpx.AsyncClient, services: Services) -> None:
    while not services.trace.full:
        services.trace.watch(Filter())
    problem(await client.get("/api/v1/sip/trace"), 503, "unavailable")
