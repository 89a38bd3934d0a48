"""Turns whatever goes wrong in a handler into an answer, and what is our fault into a line of the log too."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reference_server.http.refusal import BAD_REQUEST, INTERNAL, METHOD, NO_SUCH_PATH, Refused, refusal
from reference_server.logs import Log

_CODES = {404: NO_SUCH_PATH, 405: METHOD}


def middleware(log: Log) -> Middleware:
    """Answer errors as JSON: 404, 405, 413 and their kin, refusals, and 500."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return refused.response()
        except web.HTTPException as error:
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return refusal(error.status, _CODES.get(error.status, BAD_REQUEST), error.reason, headers)
        except ConnectionError:
            raise  # whoever asked is gone
        except Exception as fault:  # noqa: BLE001  # whatever it is, it gets an answer and a line of the log
            log.crash(f"the handler of {request.match_info.route.name or 'a request'} failed", INTERNAL, fault)
            return refusal(500, INTERNAL, "Internal server error")

    return answer
