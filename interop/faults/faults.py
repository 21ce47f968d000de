"""Faults on the way to an app: every 3rd request is refused for a second, every 7th dies, some are slow."""

import asyncio

from mitmproxy import http

seen = 0


async def request(flow: http.HTTPFlow) -> None:
    global seen
    seen += 1
    if seen % 11 == 0:
        await asyncio.sleep(0.5)
    if seen % 7 == 0:
        flow.kill()
    elif seen % 3 == 0:
        headers = {"content-type": "application/json", "retry-after": "1"}
        flow.response = http.Response.make(429, b'{"error":{"code":"rate_limited"}}', headers)
