"""Tries calls with each function's role and prints, as JSON, which of them its role allows.

No call changes anything: writes carry a condition that fails, and what is sent is too long.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

url = sys.argv[1]
region = {"endpoint_url": url, "region_name": "us-east-1"}
root = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
stack = sys.argv[2]

key = {"pk": {"S": "nobody"}, "sk": {"S": "nothing"}}
never = {"ConditionExpression": "attribute_exists(pk)"}
of_key = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "nobody"}},
}


def calls(client, at):
    tables, queue, kms = client("dynamodb"), client("sqs"), client("kms")
    for name in ("leads", "events", "search"):
        table = at[f"{name.title()}Table"]
        yield f"{name} get", lambda: tables.get_item(TableName=table, Key=key)
        yield f"{name} query", lambda: tables.query(TableName=table, **of_key)
        yield f"{name} scan", lambda: tables.scan(TableName=table, Limit=1)
        yield f"{name} put", lambda: tables.put_item(TableName=table, Item=key, **never)
        yield f"{name} update", lambda: tables.update_item(TableName=table, Key=key, **never)
        yield f"{name} delete", lambda: tables.delete_item(TableName=table, Key=key, **never)
        yield f"{name} batch get", lambda: tables.batch_get_item(
            RequestItems={table: {"Keys": [key]}}
        )
        check = {"TableName": table, "Key": key, **never}
        yield f"{name} check", lambda: tables.transact_write_items(
            TransactItems=[{"ConditionCheck": check}]
        )
        # Unwritable: the partition key is missing.
        yield f"{name} batch put", lambda: tables.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": {"sk": {"S": "nothing"}}}}]}
        )
    for index in ("by_score", "by_owner", "by_created", "by_activity"):
        asked = {
            "KeyConditionExpression": f"{index}_pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "nobody"}},
        }
        yield f"{index} query", lambda: tables.query(
            TableName=at["LeadsTable"], IndexName=index, **asked
        )
    for name in ("Events", "Failed", "Shard", "Job", "Bulk", "Archive"):
        where, name = at[f"{name}QueueUrl"], name.lower()
        # Too long for a queue to take.
        yield f"{name} send", lambda: queue.send_message(QueueUrl=where, MessageBody="x" * 2**21)
        yield f"{name} receive", lambda: queue.receive_message(
            QueueUrl=where, VisibilityTimeout=0
        )
        yield f"{name} look", lambda: queue.get_queue_attributes(
            QueueUrl=where, AttributeNames=["QueueArn"]
        )
    yield "key decrypt", lambda: kms.decrypt(KeyId=at["DataKeyId"], CiphertextBlob=b"x" * 200)
    yield "key encrypt", lambda: kms.encrypt(KeyId=at["DataKeyId"], Plaintext=b"x")
    yield "key describe", lambda: kms.describe_key(KeyId=at["DataKeyId"])
    files = client("s3")
    for name in ("imports", "exports"):
        nothing = {"Bucket": at["FilesBucket"], "Key": f"{name}/nothing"}
        yield f"{name} get", lambda: files.get_object(**nothing)
        yield f"{name} put", lambda: files.put_object(**nothing, Body=b"", IfMatch='"never"')
        yield f"{name} delete", lambda: files.delete_object(**nothing)
    yield "files list", lambda: files.list_objects_v2(Bucket=at["FilesBucket"])
    archive = at["ArchiveBucket"]
    places = {"archived": "events", "set aside": "failed", "discarded": "aws/lambda", "idle": "leads"}
    for name, place in places.items():
        nothing = {"Bucket": archive, "Key": f"{place}/nothing"}
        yield f"{name} get", lambda: files.get_object(**nothing)
        yield f"{name} put", lambda: files.put_object(**nothing, Body=b"", IfMatch='"never"')
        yield f"{name} delete", lambda: files.delete_object(**nothing)
    yield "archived list", lambda: files.list_objects_v2(Bucket=archive)
    people, somebody = client("cognito-idp"), "nobody@example.com"
    of_pool = {"UserPoolId": at["UserPool"], "Username": somebody}
    yield "people get", lambda: people.admin_get_user(**of_pool)
    yield "people sign out", lambda: people.admin_user_global_sign_out(**of_pool)
    yield "people update", lambda: people.admin_update_user_attributes(
        **of_pool, UserAttributes=[]
    )
    yield "people delete", lambda: people.admin_delete_user(**of_pool)
    yield "people list", lambda: people.list_users(UserPoolId=at["UserPool"])
    yield "buckets list", lambda: client("s3").list_buckets()
    yield "functions list", lambda: client("lambda").list_functions()
    yield "users list", lambda: client("iam").list_users()


def allowed(call):
    try:
        call()
    except ClientError as error:
        return not error.response["Error"]["Code"].startswith("AccessDenied")
    return True


def session(role):
    made = boto3.client("sts", **region, **root).assume_role(
        RoleArn=role, RoleSessionName="permissions"
    )["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


formation = boto3.client("cloudformation", **region, **root)
outputs = formation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
at = {output["OutputKey"]: output["OutputValue"] for output in outputs}
functions = boto3.client("lambda", **region, **root)
report = {}
for name in ("Ingest", "Score", "Api", "Aggregate", "Rescore", "Bulk", "Archive", "Provision"):
    role = functions.get_function_configuration(FunctionName=at[f"{name}Function"])["Role"]
    credentials = session(role)
    tried = calls(lambda service: boto3.client(service, **region, **credentials), at)
    report[name] = [what for what, call in tried if allowed(call)]
print(json.dumps(report))
