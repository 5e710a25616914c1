"""What several unit tests need: an S3 server in a thread."""

import uuid

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tasks.store.s3.bucket import Bucket


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3_client(moto):
    """boto3's client; making one takes long."""
    return boto3.client(
        "s3",
        endpoint_url=moto,
        aws_access_key_id="someone",
        aws_secret_access_key="very-secret",
        region_name="us-east-1",
    )


@pytest.fixture
def aws(moto, s3_client, monkeypatch, tmp_path):
    """boto3's client, with the variables the product reads set to the same server."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    return s3_client


@pytest.fixture
def bucket(aws):
    name = f"test-{uuid.uuid4().hex[:12]}"
    aws.create_bucket(Bucket=name)
    return Bucket(f"s3://{name}/night/june", retry_s=0.5)
