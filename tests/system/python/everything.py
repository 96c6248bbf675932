"""Looks for texts in everything that a stack holds: every item of every table, every object of
every bucket, every message of every queue, every line of every log. What is gzip or zlib is looked
at unpacked; the Parquet of the archive is for its own reader.

Prints, as JSON, how much was looked at and where each text was found. Arguments: the address of
the emulator, the texts, in lower case.
"""

import gzip
import json
import sys
import zlib

import boto3

url, *texts = sys.argv[1:]


def client(name):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(name, endpoint_url=url, region_name="us-east-1", **keys)


looked_at = {"items": 0, "objects": 0, "messages": 0, "lines": 0}
found = {text: [] for text in texts}


def unpacked(content):
    """Makes text of bytes, packed or not."""
    try:
        packed = content[:2] == b"\x1f\x8b"
        content = gzip.decompress(content) if packed else zlib.decompress(content)
    except (EOFError, OSError, zlib.error):
        pass  # It only looks packed, or does not even that.
    return content.decode("utf-8", "replace")


def look(sort, place, content):
    looked_at[sort] += 1
    content = content.lower()
    for text in texts:
        if text in content:
            found[text].append(f"{sort}: {place}")


tables = client("dynamodb")
for table in tables.list_tables()["TableNames"]:
    for page in tables.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            place = "/".join([table, item["pk"]["S"], item["sk"]["S"]])
            look("items", place, json.dumps(item, default=unpacked, ensure_ascii=False))

buckets = client("s3")
for bucket in buckets.list_buckets()["Buckets"]:
    name = bucket["Name"]
    for page in buckets.get_paginator("list_objects_v2").paginate(Bucket=name):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            body = buckets.get_object(Bucket=name, Key=key)["Body"].read()
            look("objects", f"{name}/{key}", f"{key} {unpacked(body)}")

queues = client("sqs")
for queue in queues.list_queues().get("QueueUrls", []):
    seen, idle = set(), 0
    while idle < 5:
        got = queues.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=5, AttributeNames=["All"]
        ).get("Messages", [])
        fresh = [message for message in got if message["MessageId"] not in seen]
        idle = 0 if fresh else idle + 1
        for message in fresh:
            seen.add(message["MessageId"])
            look("messages", queue, json.dumps(message, ensure_ascii=False))

logs = client("logs")
for page in logs.get_paginator("describe_log_groups").paginate():
    for group in page["logGroups"]:
        name = group["logGroupName"]
        for lines in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            for line in lines["events"]:
                look("lines", name, line["message"])

print(json.dumps({"looked_at": looked_at, "found": found}))
