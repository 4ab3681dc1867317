"""From 0.0.0.0:12110 to 127.0.0.1:12111: other containers reach the sandbox of this one."""

import asyncio


async def piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def forwarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", 12111)
    await asyncio.gather(piped(reader, to_writer), piped(to_reader, writer))


async def main() -> None:
    async with await asyncio.start_server(forwarded, "0.0.0.0", 12110) as server:
        await server.serve_forever()


asyncio.run(main())
