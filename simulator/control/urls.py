from django.urls import path

from simulator.control import books, views
from simulator.control.views import acting, control

urlpatterns = [
    path("", control(GET=views.describe_all)),
    path("reset", control(POST=views.reset)),
    path("clock", control(GET=views.show_clock, POST=views.move_clock)),
    path("accounts", control(GET=views.list_accounts, POST=views.create_account)),
    path("accounts/<str:identifier>", control(GET=views.show_account, POST=views.change_account)),
    path("faults", control(GET=views.list_faults, POST=views.add_fault, DELETE=views.clear_faults)),
    path("faults/<str:identifier>", control(DELETE=views.remove_fault)),
    path("books", control(GET=books.books)),
    path("received", control(GET=views.show_received)),
    path("deliveries", control(GET=books.deliveries)),
    path("flush", control(POST=views.flush)),
    *[path(name, control(POST=acting(act))) for name, act in views.ACTIONS.items()],
]
