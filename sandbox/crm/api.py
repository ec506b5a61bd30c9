"""The contacts API of Auth0's guide on correlating identity changes.

https://auth0.com/docs/customize/events/correlate-identity-changes names the calls
`GET /contacts?email=` and `PATCH /contacts/{id}`; the others are what such an API has.
"""

from aiohttp import web

from sandbox.crm.contact import BadContact, Contact, new_contact, read_fields
from sandbox.crm.history import Call, now_text, told_headers
from sandbox.crm.keys import CONTACTS_PATH, STORE, json_answer, refusal
from sandbox.crm.store import SEARCHABLE, IdTaken

routes = web.RouteTableDef()
CONTACT_PATH = CONTACTS_PATH + "/{id}"
FOUND_MAX = 1000
NO_CONTACT = "no contact has this id"


@routes.get(CONTACTS_PATH)
async def find(request: web.Request) -> web.Response:
    """Answer the contacts that match; all of them (newest first) without a key."""
    unknown = request.query.keys() - SEARCHABLE.keys()
    if unknown:
        return refusal(400, f"contacts can be searched by {', '.join(SEARCHABLE)}")
    sought = dict(request.query)
    return json_answer(request.app[STORE].find(sought, limit=FOUND_MAX))


@routes.post(CONTACTS_PATH)
async def create(request: web.Request) -> web.Response:
    """Create a contact, under the id it brings or a new one."""
    try:
        fields = read_fields(await request.read())
        contact = new_contact(fields)
        request.app[STORE].create(contact, call_of(request, fields))
    except BadContact as error:
        return refusal(400, str(error))
    except IdTaken:
        return refusal(409, "another contact has this id")
    location = f"{CONTACTS_PATH}/{contact['id']}"
    return json_answer(contact, 201, {"Location": location})


@routes.get(CONTACT_PATH)
async def read(request: web.Request) -> web.Response:
    """Answer one contact."""
    contact = request.app[STORE].read(request.match_info["id"])
    return refusal(404, NO_CONTACT) if contact is None else json_answer(contact)


@routes.patch(CONTACT_PATH)
async def patch(request: web.Request) -> web.Response:
    """Change only the fields that are sent, and answer the whole contact."""
    contact_id = request.match_info["id"]
    try:
        fields = read_fields(await request.read())
    except BadContact as error:
        return refusal(400, str(error))
    if fields.get("id", contact_id) != contact_id:
        return refusal(400, "an id cannot change")
    contact = request.app[STORE].patch(contact_id, fields, call_of(request, fields))
    return refusal(404, NO_CONTACT) if contact is None else json_answer(contact)


@routes.delete(CONTACT_PATH)
async def delete(request: web.Request) -> web.Response:
    """Remove one contact; its history stays."""
    contact_id = request.match_info["id"]
    if not request.app[STORE].delete(contact_id, call_of(request, {})):
        return refusal(404, NO_CONTACT)
    return web.Response(status=204)


def call_of(request: web.Request, fields: Contact) -> Call:
    """Return what the history tells about *request*."""
    return Call(
        time=now_text(),
        method=request.method,
        sent=fields,
        headers=told_headers(request.headers),
    )
