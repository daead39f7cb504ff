#pragma once
// secret-paths.h, which encodes and decodes secrets, is marked as not frozen. It has been the same
// since libsecret 0.18.
#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>

// Macros, which Swift does not import.
static inline GQuark meti_g_io_error(void) { return G_IO_ERROR; }
static inline GQuark meti_g_dbus_error(void) { return G_DBUS_ERROR; }
/// Also lets GDBus know the errors of the Secret Service by their names.
static inline GQuark meti_secret_error(void) { return SECRET_ERROR; }
static inline GDBusProxy *meti_proxy(SecretService *service) { return G_DBUS_PROXY(service); }

// A SecretService on a connection of our own: libsecret's constructor chooses GLib's shared session
// bus, which starts a bus if it finds none, and ends the process when the bus does.
static inline GObject *meti_service_constructor(GType type, guint count,
                                                GObjectConstructParam *properties) {
  GObjectClass *parent = G_OBJECT_CLASS(g_type_class_peek(SECRET_TYPE_SERVICE));
  GObject *service = parent->constructor(type, count, properties);
  g_object_set(service, "g-bus-type", G_BUS_TYPE_NONE, "g-name", "org.freedesktop.secrets",
               "g-flags",
               G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
                   G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |
                   G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION,
               NULL);
  return service;
}

static inline void meti_service_class_init(gpointer service, gpointer data) {
  G_OBJECT_CLASS(service)->constructor = meti_service_constructor;
}

/// Begins to open it. Finish with secret_service_open_finish.
static inline void meti_service_open(GDBusConnection *bus, GAsyncReadyCallback done,
                                     gpointer data) {
  static gsize type = 0;
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_type_register_static_simple(
                                 SECRET_TYPE_SERVICE, "MetiSecretService",
                                 sizeof(SecretServiceClass), meti_service_class_init,
                                 sizeof(SecretService), NULL, (GTypeFlags)0));
  g_async_initable_new_async(type, G_PRIORITY_DEFAULT, NULL, done, data, "g-connection", bus, NULL);
}
