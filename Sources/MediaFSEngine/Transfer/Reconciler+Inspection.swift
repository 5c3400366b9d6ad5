import Logging
import MediaFSCatalog

extension Reconciler {
  /// Behind the running mount: what a crash, or a fault of ours, may have left.
  func inspect() async {
    do throws(CatalogError) {
      try context.catalog.check()
      context.catalogFiles.wasChecked()
    } catch {
      // Nothing is mended, and nothing moved, on the word of a damaged catalog.
      context.log.error("The catalog was not looked through: \(error)")
      return
    }
    await recovery.quarantineStrays()
    if Task.isCancelled { return }
    await Inspector(context: context).run()
  }

  var recovery: Recovery {
    Recovery(
      catalog: context.catalog, disk: context.disk, environment: context.environment,
      log: context.log)
  }
}
