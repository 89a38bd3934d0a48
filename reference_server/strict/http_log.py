"""The logger for the HTTP server underneath: bytes that are no HTTP are worth one line, not a traceback."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


def _one_line(record: logging.LogRecord) -> bool:
    # aiohttp logs what its parser refuses as an exception, with the client's own bytes in it.
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.msg, record.args = "refused a request that is not HTTP: %s", (type(record.exc_info[1]).__name__,)
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True


http_logger = logging.getLogger(__name__)
"""For `web.AppRunner(app, logger=http_logger)`. Faults of ours still come with their traceback."""

http_logger.addFilter(_one_line)
