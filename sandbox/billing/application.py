"""The calls that Keepstep's Stripe preset makes, answered as Stripe answers them."""

from __future__ import annotations

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.billing.customers import BadCustomer, Customer, Customers

BODY_BYTES_MAX = 64 * 1024
PAGE_MAX = 100
CUSTOMERS = web.AppKey("customers", Customers)
routes = web.RouteTableDef()


def create_application(token: str) -> web.Application:
    """Return an empty billing system; every call but that of `/` needs *token*."""
    billing = web.Application(
        client_max_size=BODY_BYTES_MAX, middlewares=[bearer_only(token)]
    )
    billing[CUSTOMERS] = Customers()
    billing.add_routes(routes)
    return billing


def bearer_only(token: str) -> Middleware:
    """Return a middleware that answers 401 without the token."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if request.path == "/" or hmac.compare_digest(given, expected):
            return await handler(request)
        return _error(401, "a bearer token is needed, and this is not it")

    return check


@routes.get("/")
async def about(_: web.Request) -> web.Response:
    """Say what this is."""
    return web.Response(text="A billing system to try Keepstep with.\n")


@routes.get("/v1/customers")
async def find(request: web.Request) -> web.Response:
    """Answer the customers that have the address, newest first."""
    listed = request.app[CUSTOMERS].listed(request.query.get("email"))
    after = request.query.get("starting_after")
    ids = [customer["id"] for customer in listed]
    page = listed[ids.index(after) + 1 if after in ids else 0 :]
    more = len(page) > PAGE_MAX
    return web.json_response(
        {"object": "list", "data": page[:PAGE_MAX], "has_more": more}
    )


@routes.post("/v1/customers")
async def create(request: web.Request) -> web.Response:
    """Create a customer."""
    try:
        return _answer(request.app[CUSTOMERS].create(await _form(request)))
    except BadCustomer as error:
        return _error(400, str(error))


@routes.get("/v1/customers/{id}")
async def read(request: web.Request) -> web.Response:
    """Answer one customer."""
    return _answer(request.app[CUSTOMERS].get(request.match_info["id"]))


@routes.post("/v1/customers/{id}")
async def update(request: web.Request) -> web.Response:
    """Change what is sent, and answer the whole customer."""
    customer_id = request.match_info["id"]
    try:
        form = await _form(request)
        return _answer(request.app[CUSTOMERS].update(customer_id, form))
    except BadCustomer as error:
        return _error(400, str(error))


@routes.delete("/v1/customers/{id}")
async def delete(request: web.Request) -> web.Response:
    """Remove one customer."""
    customer_id = request.match_info["id"]
    if not request.app[CUSTOMERS].delete(customer_id):
        return _answer(None)
    return web.json_response({"id": customer_id, "object": "customer", "deleted": True})


async def _form(request: web.Request) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in (await request.post()).items()]


def _answer(customer: Customer | None) -> web.Response:
    if customer is None:
        return _error(404, "no such customer", "resource_missing")
    return web.json_response(customer)


def _error(status: int, message: str, code: str | None = None) -> web.Response:
    told = {"type": "invalid_request_error", "message": message}
    return web.json_response(
        {"error": told if code is None else told | {"code": code}}, status=status
    )
