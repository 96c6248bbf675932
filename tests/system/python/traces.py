"""Notes what a tenant holds of its people, as it lies in tables and buckets.

Prints, as JSON, the homes that live, the tombstones with what each still has that a home has of a
person, and of every sort of trace where one lies, with what is written there and nowhere else.
Arguments: the address of the emulator, the tenant.
"""

import json
import sys

import boto3
from boto3.dynamodb.types import TypeDeserializer

url, tenant = sys.argv[1:]


def client(name):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(name, endpoint_url=url, region_name="us-east-1", **keys)


homes, tombstones = [], {}
sorts = "keys identities fields search_entries notes activities answers files"
traces = {sort: {} for sort in sorts.split()}


def note_home(home, item):
    if "erased_at" in item:
        personal = {"key", "identity", "profile", "edits"}
        tombstones[home] = sorted(personal & item.keys())
    else:
        homes.append(home)
    for sort, name in (("keys", "key"), ("identities", "identity")):
        if name in item:
            traces[sort][home] = item[name]
    for part in ("profile", "edits"):
        for name, field in item.get(part, {}).items():
            if "sealed" in field:
                traces["fields"][f"{home} {part} {name}"] = field["sealed"]


def note_item(item):
    pk, sk = item["pk"], item["sk"]
    _, _, partition = pk.partition("#")
    if sk == "home":
        note_home(partition, item)
    elif sk == "search":
        for token in item.get("tokens", []) + item.get("companies", []):
            traces["search_entries"][f"{pk} {token}"] = token
    elif partition.startswith(("search#", "company#")):
        traces["search_entries"][f"{pk} {sk}"] = partition.partition("#")[2]
    elif sk.startswith("note_"):
        traces["notes"][sk] = json.loads(item["content"])["content"]["text"]
    elif sk.startswith("activity_"):
        traces["activities"][sk] = json.loads(item["content"])["content"]["subject"]
    elif sk.startswith("idempotency#") and "answer" in item:
        traces["answers"][sk] = item["answer"]["body"]


tables, reader = client("dynamodb"), TypeDeserializer()
for table in tables.list_tables()["TableNames"]:
    for page in tables.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            item = {name: reader.deserialize(value) for name, value in item.items()}
            if item["pk"] == tenant or item["pk"].startswith(f"{tenant}#"):
                note_item(item)

buckets = client("s3")
for bucket in buckets.list_buckets()["Buckets"]:
    for sort in ("imports", "exports"):
        of_tenant = {"Bucket": bucket["Name"], "Prefix": f"{sort}/{tenant}/"}
        for page in buckets.get_paginator("list_objects_v2").paginate(**of_tenant):
            for entry in page.get("Contents", []):
                found = buckets.get_object(Bucket=bucket["Name"], Key=entry["Key"])
                traces["files"][entry["Key"]] = found["Body"].read().decode()

print(json.dumps({"homes": sorted(homes), "tombstones": tombstones, "traces": traces}))
