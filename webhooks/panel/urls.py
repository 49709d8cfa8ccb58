from django.urls import path

from webhooks.panel import accounts, replays, simulations, views

urlpatterns = [
    path("", views.events, name="events"),
    path("accounts/", accounts.accounts, name="events_by_account"),
    path("simulate/", simulations.simulate, name="simulate_event"),
    path("simulations/<uuid:public_id>/", simulations.simulation, name="simulation"),
    path("simulations/<uuid:public_id>/state/", simulations.state, name="simulation_state"),
    path("replay/", replays.prepare, name="prepare_replay"),
    path("replays/<uuid:public_id>/", replays.replay, name="replay"),
    path("replays/<uuid:public_id>/state/", replays.state, name="replay_state"),
    path("<uuid:public_id>/", views.event, name="event"),
    path("<uuid:public_id>/state/", views.state, name="event_state"),
    path("<uuid:public_id>/replay/", views.replay, name="replay_event"),
    path("<uuid:public_id>/ignore/", views.ignore, name="ignore_event"),
]
