import Console
import Hosting

@main
enum Main {
    static func main() async {
        await Program.main("console") { program in
            [try ConsoleService(program)]
        }
    }
}
