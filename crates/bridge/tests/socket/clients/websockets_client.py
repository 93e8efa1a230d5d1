"""The client of Python's `websockets`, which offers permessage-deflate: says what it saw, a line for each thing."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

HOST = sys.argv[1]


async def own():
    """Our own framing, with messages that are worth compressing."""
    url = f"ws://{HOST}/everything.v1.Everything/EchoBidi"
    async with connect(url, subprotocols=["wirelab.v1.json"], max_size=None) as socket:
        print("own", socket.subprotocol, [type(e).__name__ for e in socket.protocol.extensions])
        texts = ["x", "y" * 1000, "".join(chr(97 + i * i % 26) for i in range(300_000)), "ü" * 70_000]
        for text in texts:
            await socket.send(json.dumps({"far": text}))
        # A message in fragments, of which each is compressed.
        await socket.send(['{"far":', '"frag', 'ments"}'])
        await socket.send("@half-close")
        print("own", await socket.recv())
        for text in texts:
            print("own", json.loads(await socket.recv())["far"] == text)
        print("own", await socket.recv())
        print("own", await socket.recv())
        print("own", *(await closed(socket)))


async def proxied():
    """The framing of grpc-websocket-proxy, as its clients have it: a token among the subprotocols, the verb in the URL."""
    url = f"ws://{HOST}/v1/stock/KB-204-EU?method=GET"
    async with connect(url, subprotocols=["Bearer", "a-token"]) as socket:
        print("proxied", socket.subprotocol)
        print("proxied", json.loads(await socket.recv())["stock"]["sku"])
        print("proxied", *(await closed(socket)))


async def pings():
    """A ping of the client is answered, and one bomb of zeros is not."""
    url = f"ws://{HOST}/everything.v1.Everything/EchoBidi"
    async with connect(url, subprotocols=["wirelab.v1"]) as socket:
        await asyncio.wait_for(await socket.ping(), 10)
        print("ping answered")
        await socket.send('{"far":"' + "0" * (80 << 20) + '"}')
        print("bomb", (await socket.recv())[:15])
        print("bomb", *(await closed(socket)))


async def refused():
    try:
        async with connect(f"ws://{HOST}/no.Such/Method"):
            print("refused not")
    except InvalidStatus as error:
        print("refused", error.response.status_code, json.loads(error.response.body)["code"])


async def closed(socket):
    try:
        return await socket.recv(), "instead of a close"
    except ConnectionClosed as error:
        return error.rcvd.code, error.rcvd.reason


async def main():
    for part in (own, proxied, pings, refused):
        await asyncio.wait_for(part(), 60)


asyncio.run(main())
