"""Guard inside Django, a whole site in one file.

SECRET=$(openssl rand -hex 32) gunicorn --chdir examples guard_django:application     # or guard_django:asgi
curl -i localhost:8000/orders                                  # 401, one challenge for each way to sign in
curl -i localhost:8000/orders -H "X-Api-Key: robot-key-1"      # 200
curl -i localhost:8000/staff -u ann:"correct horse"            # 200
curl -i localhost:8000/staff -u ann:wrong                      # 401; the server's console says wrong_secret
"""

import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from authwhy import Cause
from authwhy.guard import Guard, any_of, api_key, basic, deny, jwt

ROBOTS = {"1934f77f20ebf4ec61028e515514f470c602cbfde9bdcbd797ef0b06db8b1e5f": "robot"}  # digests, never keys
STORED = "pbkdf2_sha256$600000$example-salt$CQ4d9DHAwZD/3GPRUNzwoMXxZqutaaxesYO0Yn4EAVg="  # of "correct horse"


def staff(credential):
    if credential.username != "ann":
        return deny(Cause.UNKNOWN_IDENTITY)
    return "ann" if credential.matches(STORED) else deny(Cause.WRONG_SECRET)


guard = Guard(
    jwt("token", secret=os.environ["SECRET"], audience="orders"),
    api_key("key", lookup=lambda key: ROBOTS.get(key.digest) or deny(Cause.UNKNOWN_IDENTITY)),
    basic("staff", realm="example", verify=staff),
    events=[lambda event: print(event.outcome, *(one.cause for one in event.causes), flush=True)],
)


@guard.view(any_of("token", "key"))
def orders(request):
    return HttpResponse(request.body if request.method == "POST" else f"hello {request.who}\n")


async def staff_only(request):
    return HttpResponse(f"hello {request.who}\n")


urlpatterns = [path("orders", orders), path("staff", staff_only), path("health", lambda _: HttpResponse("hello\n"))]
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["authwhy.guard.django.Guard"],
    AUTHWHY_GUARD=guard,
    AUTHWHY_RULES={"/staff": "staff", "/*": None},  # by path, where the views do not say it themselves
)
django.setup()
application, asgi = get_wsgi_application(), get_asgi_application()
