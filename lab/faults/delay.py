"""A slow line: `python delay.py <port> <host> <port> <seconds>` passes TCP on, each packet later by so many seconds.

For F15, where the kernel has no netem. It uses the standard library alone: it runs inside the network of a node.
"""

import asyncio
import sys


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    try:
        while data := await reader.read(65536):
            await asyncio.sleep(seconds)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        # Either side may go away; the other one learns it by the end of its connection.
        pass
    finally:
        writer.close()


async def serve(port: int, host: str, target: int, seconds: float) -> None:
    """Listen, and connect each client with the target."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, target)
        await asyncio.gather(_pass_on(reader, back, seconds), _pass_on(there, writer, seconds))

    server = await asyncio.start_server(client, "0.0.0.0", port)  # noqa: S104 - in the node's network, which has no way out
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    listen, address, to, late = sys.argv[1:]
    asyncio.run(serve(int(listen), address, int(to), float(late)))
