"""Invokes the provision function of a stack on AWS.

Arguments: stack name, payload (JSON). Uses the caller's own AWS credentials
and region; prints the function's answer.
"""

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main(stack: str, payload: str) -> None:
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in described["Stacks"][0].get("Outputs", [])
    }
    function = outputs.get("ProvisionFunction")
    if function is None:
        sys.exit(f"stack {stack} has no output ProvisionFunction")
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=payload)
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(f"{function} failed: {text}")
    print(text)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (BotoCoreError, ClientError) as error:
        sys.exit(str(error))
