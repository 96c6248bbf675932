"""Sends one person's calls through the Segment SDK: URL, key, plain or gzip, forward or backward."""

import datetime
import json
import sys

import segment.analytics as analytics

url, key, compression, order = sys.argv[1:5]
errors = []
analytics.write_key = key
analytics.host = url
analytics.gzip = compression == "gzip"
analytics.max_retries = 3
analytics.on_error = lambda error, items: errors.append(str(error))

now = datetime.datetime.now(datetime.timezone.utc)
# Within one hour, recent enough for nothing to have decayed.
start = now.replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=30)


def at(minute):
    return {"timestamp": start + datetime.timedelta(minutes=minute), "message_id": f"m-{minute}"}


traits = {
    "email": "Ana@Example.com",
    "first_name": "Ana",
    "phone": "+55 11 99999-0001",
    "company": {"name": "Acme", "employees": 42},
    "title": "CTO",
}
calls = [
    lambda: analytics.page(anonymous_id="cookie-1", name="Home", **at(0)),
    lambda: analytics.page(anonymous_id="cookie-1", name="Pricing", **at(1)),
    lambda: analytics.identify("user-1", traits, anonymous_id="cookie-1", **at(2)),
    lambda: analytics.page("user-1", name="Docs", category="Docs", **at(3)),
    lambda: analytics.track("user-1", "Signup", {"plan": "pro"}, **at(4)),
    lambda: analytics.track("user-1", "Demo Request", **at(5)),
    lambda: analytics.screen("user-1", name="Main", category="App", **at(6)),
    lambda: analytics.group("user-1", "acme", {"name": "Acme", "employees": 42}, **at(7)),
    lambda: analytics.alias("cookie-0", "user-1", **at(8)),
]
for call in calls if order == "forward" else reversed(calls):
    call()
analytics.shutdown()
print(json.dumps({"errors": errors}))
