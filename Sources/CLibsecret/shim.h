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

/// Begins to open the Secret Service on a connection (secret_service_open, which takes the shared
/// session bus alone). Variadic. Finish with secret_service_open_finish.
static inline void meti_service_open(GDBusConnection *bus, GAsyncReadyCallback done,
                                     gpointer data) {
  // The one method that libsecret calls by itself: GDBus checks the type of its reply.
  static GDBusArgInfo algorithm = {-1, "algorithm", "s", NULL};
  static GDBusArgInfo input = {-1, "input", "v", NULL};
  static GDBusArgInfo output = {-1, "output", "v", NULL};
  static GDBusArgInfo result = {-1, "result", "o", NULL};
  static GDBusArgInfo *in[] = {&algorithm, &input, NULL};
  static GDBusArgInfo *out[] = {&output, &result, NULL};
  static GDBusMethodInfo open = {-1, "OpenSession", in, out, NULL};
  static GDBusMethodInfo *methods[] = {&open, NULL};
  static GDBusInterfaceInfo info = {-1, "org.freedesktop.Secret.Service", methods, NULL, NULL, NULL};
  g_async_initable_new_async(
      SECRET_TYPE_SERVICE, G_PRIORITY_DEFAULT, NULL, done, data, "g-connection", bus, "g-flags",
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
      "g-interface-info", &info, "g-name", "org.freedesktop.secrets", "g-object-path",
      "/org/freedesktop/secrets", "g-interface-name", "org.freedesktop.Secret.Service", NULL);
}
