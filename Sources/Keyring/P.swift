import CLibsecret

public func probe() -> Bool {
  let c = unsafe g_main_context_new()
  unsafe g_main_context_unref(c)
  _ = unsafe secret_service_search_for_dbus_paths
  return true
}
