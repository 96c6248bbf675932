"""Reads a tenant's events out of the archive with nothing but pyarrow, and prints them as JSON.

Arguments: the address of S3, the bucket, the tenant.
"""

import json
import sys
from datetime import timezone
from urllib.parse import urlsplit

import pyarrow.dataset as ds
from pyarrow import fs

url, bucket, tenant = sys.argv[1:]
s3 = fs.S3FileSystem(
    endpoint_override=urlsplit(url).netloc,
    scheme="http",
    region="us-east-1",
    access_key="test",
    secret_key="test",
)
root = f"{bucket}/events/tenant={tenant}"
found = s3.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
objects = sorted(info.path for info in found if info.is_file)
report = {"objects": objects, "schema": {}, "rows": []}
if objects:
    archive = ds.dataset(
        objects, filesystem=s3, format="parquet", partitioning=ds.partitioning(flavor="hive")
    )
    report["schema"] = {field.name: str(field.type) for field in archive.schema}
    report["rows"] = archive.to_table().to_pylist()


def instant(value):
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


print(json.dumps(report, default=instant))
