"""A state backend in S3: a stand-in for the server on loopback, with a bucket.

It takes whatever key it is shown, but for the block of ``only_with_a_key``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.core.authorization import enable_iam_authentication
from moto.server import ThreadedMotoServer

_REGION = "eu-central-1"


@dataclass(frozen=True)
class Bucket:
    """Where states are.

    Attributes:
        name: Its name.
        objects: Client of the bucket.
        url: Address as ``PULUMI_BACKEND_URL`` takes it.
        options: The part of the address that leads to the server.
        endpoint: Address of the server.
        credentials: Variables of whoever may use it.
    """

    name: str
    objects: Any
    url: str
    options: str
    endpoint: str
    credentials: Mapping[str, str]


@contextmanager
def bucket_on_loopback() -> Iterator[Bucket]:
    """A bucket that is gone when the block ends."""
    credentials = {"AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "of-the-test", "AWS_REGION": _REGION}
    # The servers of one process share what they hold.
    name = f"states-{secrets.token_hex(3)}"
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        s3 = boto3.resource(
            "s3",
            endpoint_url=endpoint,
            region_name=_REGION,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        )
        made = s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": _REGION})
        options = f"endpoint={host}:{port}&disableSSL=true&s3ForcePathStyle=true&region={_REGION}"
        yield Bucket(name, made, f"s3://{name}?{options}", options, endpoint, credentials)
    finally:
        server.stop()


@contextmanager
def only_with_a_key(bucket: Bucket) -> Iterator[Mapping[str, str]]:
    """Let the server answer one key alone while the block runs, as S3 does; gives its variables."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam = boto3.client(
        "iam",
        endpoint_url=bucket.endpoint,
        region_name=_REGION,
        aws_access_key_id=bucket.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=bucket.credentials["AWS_SECRET_ACCESS_KEY"],
    )
    user = f"user-{secrets.token_hex(3)}"
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="states", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    made = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    with enable_iam_authentication():
        yield {**bucket.credentials, **made}
