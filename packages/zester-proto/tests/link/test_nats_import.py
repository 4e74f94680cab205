import subprocess
import sys

SCRIPT = """
import sys
from zester_proto.link.nats_import import client_class
client = client_class()
assert client is client_class()
heavy = {m for m in sys.modules if m.split(".")[0] in {"email", "zipfile", "typing_extensions"}
         or m.startswith(("nats.js", "importlib.metadata", "importlib.resources"))}
assert not heavy - before, sorted(heavy - before)
client()._process_headers  # made without complaint
import asyncio
headers = asyncio.run(client()._process_headers(
    b"NATS/1.0 100 Idle Heartbeat\\r\\nNats-Last-Consumer: 4\\r\\n\\r\\n"))
assert headers == {"Status": "100", "Description": "Idle Heartbeat", "Nats-Last-Consumer": "4"}
import nats.js, importlib.metadata
assert nats.js.JetStreamContext and nats.js.api.StreamConfig
assert importlib.metadata.version("nats-py")
"""


def test_the_client_loads_no_jetstream_and_the_real_one_stays_to_be_had():
    before = "import sys, asyncio, ssl, msgspec; before = set(sys.modules)\n"

    subprocess.run([sys.executable, "-W", "error", "-c", before + SCRIPT], check=True)


def test_a_client_that_somebody_else_has_loaded_is_taken_as_it_is():
    script = (
        "import nats.aio.client, nats.js\n"
        "from zester_proto.link.nats_import import client_class\n"
        "assert client_class() is nats.aio.client.Client\n"
        "assert nats.js.JetStreamContext\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
