import Scheduling

@main
enum Main {
    static func main() async {
        await SchedulingWorker.main()
    }
}
