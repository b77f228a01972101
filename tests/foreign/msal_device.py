"""Signs in with msal's protocol layer and prints what it got. Arguments: issuer, client_id."""

import json
import sys
import time

import requests
from msal.oauth2cli import oidc

issuer, client_id = sys.argv[1:]
posts = []


class Session(requests.Session):
    """Notes when requests leave; what they are is msal's own."""

    def post(self, url, **parameters):
        posts.append(time.monotonic())
        return super().post(url, **parameters)


session = Session()
configuration = session.get(issuer + "/.well-known/openid-configuration", timeout=10).json()
client = oidc.Client(configuration, client_id, http_client=session)

flow = client.initiate_device_flow(scope=["openid", "profile"])
print(json.dumps({"event": "code", "user_code": flow["user_code"]}), flush=True)
started = time.monotonic()
result = client.obtain_token_by_device_flow(flow)
end = {"seconds": time.monotonic() - started, "first_poll": posts[1] - started, "result": result}
print(json.dumps({"event": "end", **end}), flush=True)
